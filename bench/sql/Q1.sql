SELECT {eight}
FROM company WHERE id = :key::uuid LIMIT 1;
