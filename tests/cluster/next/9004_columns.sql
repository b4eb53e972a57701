-- contract
DROP TRIGGER grant_both ON "grant";
DROP TRIGGER message_both ON message;
DROP FUNCTION grant_both, message_both;
ALTER TABLE "grant" DROP COLUMN uses_reserved;
ALTER TABLE message DROP COLUMN attempt_count;
