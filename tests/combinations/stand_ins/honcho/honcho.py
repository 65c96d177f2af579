import os
import sys


def main():
    with open("Procfile") as source:
        lines = dict(line.rstrip().split(": ", 1) for line in source if line.strip())
    os.execvp("sh", ["sh", "-c", "exec " + lines[sys.argv[2]]])
