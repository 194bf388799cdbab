-- waiting (for go-live), live, paused, retired; what was taken of the points file, and how often it has changed.
ALTER TABLE receiver ADD state nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT receiver_state DEFAULT N'live';
ALTER TABLE receiver ADD points nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT receiver_points DEFAULT N'';
ALTER TABLE receiver ADD generation int NOT NULL CONSTRAINT receiver_generation DEFAULT 0;
ALTER TABLE receiver ADD layouts nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT receiver_layouts DEFAULT N'';

-- Which values the receiver is given, and under which keys it knows them. '' stands for every category, granularity.
CREATE TABLE points (
    metering_point nvarchar(256) COLLATE Latin1_General_100_BIN2 NOT NULL,
    delivery_category nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    granularity nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    valid_from datetime2(6) NOT NULL,
    valid_to datetime2(6) NOT NULL,
    receiver_key nvarchar(400) COLLATE Latin1_General_100_BIN2,
    kind nvarchar(20) COLLATE Latin1_General_100_BIN2,
    facility_id nvarchar(400) COLLATE Latin1_General_100_BIN2,
    generation int NOT NULL,
    PRIMARY KEY (metering_point, delivery_category, granularity, valid_from)
);

-- Up to which generation of the points everything before next_offset was delivered, or a pass delivers it.
ALTER TABLE positions ADD generation int NOT NULL CONSTRAINT positions_generation DEFAULT 0;

-- Values that are read again beside the live feed: of points of later generations, or all of them.
CREATE TABLE passes (
    epoch nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    topic_partition int NOT NULL,
    next_offset bigint NOT NULL,
    end_offset bigint NOT NULL,
    after_generation int NOT NULL,
    rewrite bit NOT NULL,
    PRIMARY KEY (epoch, topic_partition)
);

-- What persons did: sign-off, go-live, pause, resume, rewind, retire. at is ISO 8601 in UTC, detail is JSON.
CREATE TABLE journal (
    entry int NOT NULL PRIMARY KEY,
    at nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    who nvarchar(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
    action nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    detail nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL
);
