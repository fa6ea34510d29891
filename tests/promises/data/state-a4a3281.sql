BEGIN TRANSACTION;
CREATE TABLE hidden (
	article_id VARCHAR(200) NOT NULL, 
	since VARCHAR(32) NOT NULL, 
	PRIMARY KEY (article_id)
);
INSERT INTO "hidden" VALUES('n2','2026-11-27T19:44:40+00:00');
INSERT INTO "hidden" VALUES('gone','2026-11-27T19:44:40+00:00');
CREATE TABLE ledger (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at VARCHAR(32) NOT NULL, 
	action VARCHAR(16) NOT NULL, 
	subject VARCHAR(200) NOT NULL
);
INSERT INTO "ledger" VALUES(1,'2026-11-27T19:44:35+00:00','rebuild','src.jsonl');
INSERT INTO "ledger" VALUES(2,'2026-11-27T19:44:40+00:00','hide','n2');
INSERT INTO "ledger" VALUES(3,'2026-11-27T19:44:40+00:00','hide','gone');
INSERT INTO "ledger" VALUES(4,'2026-11-27T19:44:50+00:00','rebuild','src.jsonl');
INSERT INTO "ledger" VALUES(5,'2026-11-27T19:44:57+00:00','add','add.jsonl');
INSERT INTO "ledger" VALUES(6,'2026-11-27T19:45:02+00:00','delete','n3');
CREATE TABLE views (
	article_id VARCHAR(200) NOT NULL, 
	views BIGINT NOT NULL, 
	PRIMARY KEY (article_id)
);
INSERT INTO "views" VALUES('n1',12);
INSERT INTO "views" VALUES('n2',7);
INSERT INTO "views" VALUES('n3',3);
INSERT INTO "views" VALUES('n4',5);
CREATE INDEX ix_views_views ON views (views);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('ledger',6);
COMMIT;
