"""The rehearsal: releases of the example service on the local cloud, as a user would run them.

It knows the tool only from outside: the command line, its events and its exit codes. So what it shows is what a
user gets.
"""
