"""Files from anywhere, read as plain values and tensors: nothing in them runs, and what they claim is checked
against what they hold before any memory is given to it."""
