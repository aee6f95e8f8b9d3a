"""The command line: one file a command, over library functions of the same name."""
