"""From texts to symptoms: blocks of lines, their signatures, the mount they speak of. Pure: opens nothing."""
