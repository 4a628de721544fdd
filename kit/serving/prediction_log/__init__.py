"""The prediction log of a server: a sample of requests with their answers, for monitoring, debugging and replay.

    <filename_prefix>-<model>-<time>-<process>-<number>.tfrecord      of PredictionLog, as TensorFlow Serving has it

What is logged says a LoggingConfig, TensorFlow Serving's own message: that of the model in models.config, or else the
one in the file that the setting prediction_log_config_file names. Its sampling rate and file name prefix count;
the type of the collector must be `tfrecord`, since the real server leaves collectors to whoever builds it.

LogMetadata has no field for the id of a request and none for parts of a second. The id stands in `request_origin`: the
header x-request-id, or one that is made up where there is none. The time is in whole seconds.

No request waits for the log: it is put in line, bounded in records and bytes, and what finds the line full is dropped
and counted. A thread writes; after a second at most what it took is flushed and synced. A clean stop writes everything
that was put in line. A killed process loses what was in line and up to a second of it; a machine that loses power, the
same. A record that was torn on the way is the last of its file, and the reader leaves it out. On a full disk the thread
cuts off what it could not write as a whole, and tries again in a new file.

Actors: `Logger` is the interceptor, `LogWriter` the thread and its files, `reader` reads them back, and
`kit.monitoring.from_server` makes rows of the monitor's log of them.
"""
