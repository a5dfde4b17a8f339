"""Commands for the operator of a running stage: check, repair, rebuild; nothing of it is deployed."""
