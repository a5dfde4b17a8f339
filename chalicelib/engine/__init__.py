"""The shell: messages are taken, executions driven, commands carried out."""
