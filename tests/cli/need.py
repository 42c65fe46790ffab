"""What a test needs beside podfit: skipped on a desk that lacks it, never in CI."""
import importlib
import os
import shutil
import unittest


def missing(what):
    text = "%s is not there; scripts/lib/install --ci installs it" % what
    if os.environ.get('CI') == 'true':
        raise AssertionError(text)
    raise unittest.SkipTest(text)


def program(name):
    if shutil.which(name) is None:
        missing("program '%s'" % name)


def module(name):
    """@return the Python module"""
    try:
        return importlib.import_module(name)
    except ImportError:
        return missing("Python module '%s'" % name)
