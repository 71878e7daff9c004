"""What holds for all tests."""

import signal

# A job in the background of a script is started deaf to Ctrl-C, and so would be what tests stop by it.
signal.signal(signal.SIGINT, signal.default_int_handler)
