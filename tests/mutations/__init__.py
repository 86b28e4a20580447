"""Every field of every object of a healthy world, changed one at a time: what does the tool say?"""
