"""The stack of a stage: all that CloudFormation makes of an installation, beside what Chalice writes itself."""
