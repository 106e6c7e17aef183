"""A lake of days: deliveries kept by table and day, so that a night reads its days and no others."""
