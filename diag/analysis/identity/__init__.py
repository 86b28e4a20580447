"""Who the driver's controller is for AWS, and what it may do."""
