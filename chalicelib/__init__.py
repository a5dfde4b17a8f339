"""sedo: workflows declared in YAML or JSON, run by Lambda, SQS and DynamoDB."""
