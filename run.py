"""Command line of keras-stylegan: `python run.py COMMAND`, see `python run.py --help`."""

from keras_stylegan.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
