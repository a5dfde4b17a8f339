"""Schedules: when executions start by themselves, and what is known of the last one."""
