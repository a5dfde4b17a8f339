"""The stores and queues, in this process."""
