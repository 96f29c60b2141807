-- Once, for a new server: room for the pools of all processes, and of replicas. In force when it starts for good.
ALTER SYSTEM SET max_connections = 500;
