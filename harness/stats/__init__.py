"""Pure statistics: from slices to block values, from block values to intervals, from intervals to calls."""
