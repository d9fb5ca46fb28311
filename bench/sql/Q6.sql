UPDATE company SET sector = :sector, version = version + 1, updated_at = now()
WHERE id = :key::uuid
RETURNING {eight}, version;
