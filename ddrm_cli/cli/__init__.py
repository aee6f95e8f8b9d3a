"""The command line: one file a command, declarations over library functions of the same name."""
