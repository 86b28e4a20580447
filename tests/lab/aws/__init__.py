"""The AWS side of the lab: moto where it is good, our own services where it is not, one HTTP front before both."""
