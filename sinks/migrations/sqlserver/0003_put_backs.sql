-- Records that an operator asks the worker to take once more (meterstream dead-letters replay); it removes what it took.
CREATE TABLE put_backs (
    epoch nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    dead_letter_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    topic_partition int NOT NULL,
    record_offset bigint NOT NULL,
    record_key varbinary(max),
    record_value varbinary(max),
    record_headers varbinary(max) NOT NULL,
    PRIMARY KEY (epoch, dead_letter_id)
);
