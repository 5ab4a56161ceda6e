-- Their cookies may have been seen by other servers of the same host, and no page has a key of theirs: sign in again.
DELETE FROM "sessions";

-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "page_key_hash" BYTEA NOT NULL;
