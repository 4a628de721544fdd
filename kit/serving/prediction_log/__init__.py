"""The prediction log of a server: a sample of requests with their answers, for monitoring, debugging and replay.

    <filename_prefix>-<model>-<time>-<process>-<number>.tfrecord      of PredictionLog, TensorFlow Serving's message

A LoggingConfig, TensorFlow Serving's own message, says what is logged: the model's own in models.config, or else the
one in the file that the setting prediction_log_config_file names. Its sampling rate and file name prefix count; the
type of the collector must be `tfrecord`, since the real server leaves collectors to whoever builds it. A reload of
models.config changes the log with it; the file for all others is read at the start.

LogMetadata has no field for the id of a request and none for fractions of a second. The id is in `request_origin`: the
header x-request-id, or a random one without that header. The time is in whole seconds.

No request waits for the log: records are queued, bounded in number and bytes, and a record that finds the queue full is
dropped and counted. A thread writes, and flushes and syncs what it has taken within a second. A clean stop writes
everything in the queue. A killed process, or a machine that loses power, loses the queue and up to a second of records
before it. A torn record is the last of its file, and the reader leaves it out. On a full disk the thread cuts off what
it could not write completely, and tries again in a new file. A new file is also begun when the one in use was removed.

Actors: `Logger` is the interceptor, `LogWriter` the thread and its files, `reader` reads them back, and
`kit.monitoring.from_server` makes rows of the monitor's log of them.
"""
