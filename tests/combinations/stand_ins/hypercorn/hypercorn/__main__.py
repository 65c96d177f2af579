import os
import sys

from serving import find, serve, split


def main():
    _, plain = split(sys.argv[1:])
    sys.path.insert(0, os.getcwd())
    serve(find(plain[0], "app"))


if __name__ == "__main__":
    main()
