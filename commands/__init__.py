"""The commands of `marsad`, a file for each group: they parse, call and print, and decide nothing."""
