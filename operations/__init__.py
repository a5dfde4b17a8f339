"""What an operator does to a stage that runs; nothing of it is deployed."""
