"""AWS through boto3: every call bounded in time, every failure a value."""
