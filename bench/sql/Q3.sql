SELECT id, name, status, {tax_id},
    ARRAY(SELECT ROW(t.id, full_name, job_title, email) FROM contact t
        WHERE company_id = company.id ORDER BY id LIMIT 6),
    ARRAY(SELECT ROW(t.id, title, state, due_on) FROM onboarding_case t
        WHERE company_id = company.id ORDER BY id LIMIT 4)
FROM company ORDER BY id LIMIT 21;
