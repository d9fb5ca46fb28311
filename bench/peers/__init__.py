"""The servers that Fieldgate is compared with, each written as its own documentation would have it written."""
