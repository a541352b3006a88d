"""Two machines at AWS, made for a while: infra/stack.yaml. boto3 is imported here only, and only when it is used."""
