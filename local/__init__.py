"""sedo on one machine, with stand-ins for API Gateway, SQS, EventBridge and the Lambda service."""
