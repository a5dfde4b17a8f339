"""Schedules: plans, and the rules by which executions start by themselves."""
