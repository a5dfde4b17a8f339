"""sedo on one machine: what API Gateway, SQS, EventBridge and the Lambda service do for it on AWS."""
