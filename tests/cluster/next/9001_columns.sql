-- expand
-- Two columns get other names. Both are written with each message and each permission, and both programs
-- read them: whoever writes one of the two has written the other.

ALTER TABLE "grant" ADD COLUMN reserved integer;
CREATE FUNCTION grant_both() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.reserved := coalesce(NEW.reserved, NEW.uses_reserved);
        NEW.uses_reserved := NEW.reserved;
    ELSIF NEW.uses_reserved <> OLD.uses_reserved THEN
        NEW.reserved := NEW.uses_reserved;
    ELSIF NEW.reserved IS DISTINCT FROM OLD.reserved THEN
        NEW.uses_reserved := NEW.reserved;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER grant_both BEFORE INSERT OR UPDATE ON "grant" FOR EACH ROW EXECUTE FUNCTION grant_both();

ALTER TABLE message ADD COLUMN tries integer;
CREATE FUNCTION message_both() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.tries := coalesce(NEW.tries, NEW.attempt_count);
        NEW.attempt_count := NEW.tries;
    ELSIF NEW.attempt_count <> OLD.attempt_count THEN
        NEW.tries := NEW.attempt_count;
    ELSIF NEW.tries IS DISTINCT FROM OLD.tries THEN
        NEW.attempt_count := NEW.tries;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER message_both BEFORE INSERT OR UPDATE ON message FOR EACH ROW EXECUTE FUNCTION message_both();
