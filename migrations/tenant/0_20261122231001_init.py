from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE "authorization_state" (
    "id" SMALLINT NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL
);
COMMENT ON TABLE "authorization_state" IS 'One row: the number of changes so far to who may do what in this tenant.';
CREATE TABLE "org_unit" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "version" INT NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "parent_id" UUID REFERENCES "org_unit" ("id") ON DELETE RESTRICT
);
CREATE INDEX "idx_org_unit_parent__14e433" ON "org_unit" ("parent_id", "id");
CREATE INDEX "idx_org_unit_name_6a9ad0" ON "org_unit" ("name", "id");
COMMENT ON TABLE "org_unit" IS 'A node of the tenant''s own hierarchy. A role assigned here holds for the whole subtree.';
CREATE TABLE "company" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "version" INT NOT NULL,
    "reference" VARCHAR(64) UNIQUE,
    "name" VARCHAR(200) NOT NULL,
    "legal_name" VARCHAR(200),
    "status" VARCHAR(16) NOT NULL,
    "sector" VARCHAR(100),
    "industry" VARCHAR(100),
    "website" VARCHAR(200),
    "founded_year" SMALLINT,
    "founded_note" VARCHAR(200),
    "listed_on" DATE,
    "tax_id" VARCHAR(32),
    "vat_number" VARCHAR(32),
    "lei" VARCHAR(20),
    "cik" VARCHAR(10),
    "address_street" VARCHAR(200),
    "address_city" VARCHAR(100),
    "address_region" VARCHAR(100),
    "address_postal_code" VARCHAR(20),
    "address_country" VARCHAR(2),
    "credit_limit" DECIMAL(20,2),
    "credit_currency" VARCHAR(3),
    "risk_score" SMALLINT,
    "org_unit_id" UUID NOT NULL REFERENCES "org_unit" ("id") ON DELETE RESTRICT,
    "parent_id" UUID REFERENCES "company" ("id") ON DELETE RESTRICT
);
CREATE INDEX "idx_company_org_uni_b9e04e" ON "company" ("org_unit_id", "id");
CREATE INDEX "idx_company_parent__085b28" ON "company" ("parent_id", "id");
CREATE INDEX "idx_company_name_91ada6" ON "company" ("name", "id");
CREATE INDEX "idx_company_status_834ced" ON "company" ("status", "id");
CREATE INDEX "idx_company_created_7990c5" ON "company" ("created_at", "id");
CREATE INDEX "idx_company_founded_0229d9" ON "company" ("founded_year", "id");
CREATE INDEX "idx_company_listed__8aad94" ON "company" ("listed_on", "id");
CREATE INDEX "idx_company_credit__f5f78f" ON "company" ("credit_limit", "id");
COMMENT ON COLUMN "company"."status" IS 'PROSPECT: PROSPECT\nONBOARDING: ONBOARDING\nACTIVE: ACTIVE\nSUSPENDED: SUSPENDED\nCLOSED: CLOSED';
COMMENT ON TABLE "company" IS 'A business customer or supplier that the tenant takes on. It belongs to one org unit, which decides reach.';
CREATE TABLE "bank_account" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "version" INT NOT NULL,
    "holder" VARCHAR(200) NOT NULL,
    "iban" VARCHAR(34) NOT NULL,
    "bic" VARCHAR(11),
    "currency" VARCHAR(3) NOT NULL,
    "company_id" UUID NOT NULL REFERENCES "company" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_bank_accoun_company_330f73" UNIQUE ("company_id", "iban")
);
CREATE INDEX "idx_bank_accoun_company_0aa938" ON "bank_account" ("company_id", "id");
COMMENT ON TABLE "bank_account" IS 'Where a company is paid.';
CREATE TABLE "contact" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "version" INT NOT NULL,
    "full_name" VARCHAR(200) NOT NULL,
    "job_title" VARCHAR(200),
    "email" VARCHAR(320),
    "phone" VARCHAR(32),
    "company_id" UUID NOT NULL REFERENCES "company" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_contact_company_4028ae" ON "contact" ("company_id", "id");
COMMENT ON TABLE "contact" IS 'A person at a company.';
CREATE TABLE "member" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "version" INT NOT NULL,
    "email" VARCHAR(320) NOT NULL UNIQUE,
    "full_name" VARCHAR(200) NOT NULL,
    "active" BOOL NOT NULL,
    "identity_provider_id" UUID,
    "subject" VARCHAR(255),
    "org_unit_id" UUID NOT NULL REFERENCES "org_unit" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_member_identit_523da0" UNIQUE ("identity_provider_id", "subject")
);
CREATE INDEX "idx_member_org_uni_9e50c4" ON "member" ("org_unit_id", "id");
CREATE INDEX "idx_member_full_na_d0bcb4" ON "member" ("full_name", "id");
COMMENT ON TABLE "member" IS 'A person of the tenant. The identity provider settles who they are: (provider, subject), never an e-mail.';
CREATE TABLE "onboarding_case" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "version" INT NOT NULL,
    "title" VARCHAR(200) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "due_on" DATE,
    "closed_at" TIMESTAMPTZ,
    "assignee_id" UUID REFERENCES "member" ("id") ON DELETE SET NULL,
    "company_id" UUID NOT NULL REFERENCES "company" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_onboarding__company_483028" ON "onboarding_case" ("company_id", "id");
CREATE INDEX "idx_onboarding__state_5ce282" ON "onboarding_case" ("state", "id");
CREATE INDEX "idx_onboarding__due_on_69e5c3" ON "onboarding_case" ("due_on", "id");
CREATE INDEX "idx_onboarding__created_19c1e6" ON "onboarding_case" ("created_at", "id");
CREATE INDEX "idx_onboarding__assigne_d9690d" ON "onboarding_case" ("assignee_id", "id");
COMMENT ON COLUMN "onboarding_case"."state" IS 'DRAFT: DRAFT\nSUBMITTED: SUBMITTED\nIN_REVIEW: IN_REVIEW\nAPPROVED: APPROVED\nREJECTED: REJECTED\nWITHDRAWN: WITHDRAWN';
COMMENT ON TABLE "onboarding_case" IS 'The way of one company through onboarding.';
CREATE TABLE "role" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "version" INT NOT NULL,
    "key" VARCHAR(64) NOT NULL UNIQUE,
    "name" VARCHAR(200) NOT NULL,
    "built_in" BOOL NOT NULL,
    "permissions" JSONB NOT NULL
);
COMMENT ON TABLE "role" IS 'A named set of permissions. A built-in role takes its permissions from the code, by its key.';
CREATE TABLE "role_assignment" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "version" INT NOT NULL,
    "member_id" UUID NOT NULL REFERENCES "member" ("id") ON DELETE CASCADE,
    "org_unit_id" UUID REFERENCES "org_unit" ("id") ON DELETE CASCADE,
    "role_id" UUID NOT NULL REFERENCES "role" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_role_assign_member__b10ffe" UNIQUE ("member_id", "role_id", "org_unit_id")
);
CREATE INDEX "idx_role_assign_role_id_999ef2" ON "role_assignment" ("role_id", "id");
CREATE INDEX "idx_role_assign_org_uni_095bf4" ON "role_assignment" ("org_unit_id", "id");
COMMENT ON TABLE "role_assignment" IS 'A member holds a role in an org unit and all below it, or everywhere when no unit is named.';
CREATE TABLE "role_inclusion" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "version" INT NOT NULL,
    "included_id" UUID NOT NULL REFERENCES "role" ("id") ON DELETE RESTRICT,
    "role_id" UUID NOT NULL REFERENCES "role" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_role_inclus_role_id_a1441f" UNIQUE ("role_id", "included_id")
);
COMMENT ON TABLE "role_inclusion" IS 'A role that holds everything another role holds.';"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        """


MODELS_STATE = (
    "eJztXW1z2rgW/isavmx3hs00kCa9mTt3BgjdZTeBDiHtnW12PMIWoI2RqCWXZff2v1/JL/"
    "gd7PAS7OhLa+RzJOfR8bHO46Pjf2ocEUj4WcvmM2rhvyHHlNxzyFHtGvxTI3AuDzZI1UEN"
    "LhaBjGzgcGw6ajAsr7G1wphxC+pciEygyZBoMhDTLbyQclJxQBCw6PIa8BkCxJ6PkQXoBO"
    "gzSKaIAUaFogU4BcsZBXO4AoY8hBxgIlQwA94Fy9EMqovhMJnus+NH8khGFp5OkcUAJU53"
    "zp8tJKS4gXRsIIA50KlNOLAXddk5oeK3aF9APgM6JGBCrSniYsAz0P2GrBUQwBAmsBFACN"
    "H5AlqiS8wfyRILFTmMEGPYGVKMIxt0aJrI+oGBqdDlDCyRJf5IxKj5DRkA8jqARPwPDDyZ"
    "iFNER2COxCjXvpDsZQ7gFGLiIGYT/NVGGqfi0mbIErh9+UM0Y2KgvxDzfy6etAlGphExFG"
    "zIDpx2ja8WTtv9XFxgj/APjrSckbGmU9Oek0BjsRKWQtYq2DWkKSLIEkZjhCyF2Kbp2Zff"
    "5F6vaOCWjdYXagQNBppA25T2du4OHzTUNK0/GGn33ZGm1RKGKAeLmZDXpFMijVhcKHMAmM"
    "rxf2o2ri7fi7PO5ckfV9/dAQNEXHEHl7vW7W2vP6p9d4Qgh66Yg3AAqTffSVzbeJqJakhp"
    "P9D6DQG2wa17JHD/1Wg0m1eNt83L9+8urq7evX+7hjp5ahPw7d7PEnYhQIUbcl2VOw/Sri"
    "dPoWmQDWOoPy2hZWiJM7RBs2STp+aNebwFEjh1sJR/t7xgz7u0IXlq6Y7nSHPD4dMb/e9Y"
    "CGowJLnV8X6eSecBXddDVkB4vAXERtKRbhJM8R9fap6g5t7vWFxa7Y+YV0kIGa5Ibk/z8N"
    "C7KeBlbFtcsNQ5jK+p/XtiE9eTy5E0m2OTnTl/Ij+TLVf/qR3ojtlg/J1fWsM3zcsfHTwo"
    "41PLOelgt8UT6RaSAGmQJ6G/EWc4nqN0+KOasWkwPNUz/+BQ/smH7xAuSvyBxoCYK88QNk"
    "zAqHfXvR+17j7K4eaMfTUd/FqjrjzTcFpXsdY37nwF7mrdCfjcG/0C5E/w+6Dfjc/qWm70"
    "e01ek1iRUY3QpQaNkM36rT5qQjKYdXthPHPWo5pq1k9l1n2MQtPuXX2OVcerWnI0zi+uLt"
    "43Ly/WK411y6YFhr+oC+CcUdMQT8IEmp0ZtNLhDDRiaIrLLOOtMod/aSYiUz6TKL59uwG+"
    "T62h85QSUrEboO+darjnohg7a4oCCPvyFcS3eZED3uZFJrryVBTcMdaLYOuJPwta76F0ms"
    "ien+dA9vw8E1l5KoqsblsyKF8VgTesU0XzzWO92cabQDgSVeQNGaJa+wwdXhjr5wcHifA4"
    "gXES4A/UQnhKfkMrB+aeuBRIdJSCqRfddoKeygls0Bo4Mwsu1zFszLIEAgYyEXdv+dZ9p3"
    "XTrX1/GeLBxz6FdAhNSzbhELKC7VxDC4xthgliDOg243QuuVgLMHuxMLE4XhOc7kCAwyck"
    "ydYz0ONgjExKpkxStZQgoTcFwgx4HSxnWJ95/CsDYoGuz5LsxXGH3s6nfhGObKrJXkLURx"
    "18qUn+l8QbnZkJ/ZbEus3CLdF422+dUFsMaWgrBK1wu4mZFHbX7qEuDHE5Jp7jdSeKjFFk"
    "TAn8cEnDckXGvMZZV2TM0ckYC3nvQYuEXBGlvcS12x9aRwu4LvPwBZfZfMFlgi/w1yh54f"
    "XlKxjNHoTsMtEUmlpRlKNa1WNnDgJ1sLxOwtwl9jwR10YgD7SPZ9q1j8PB/cduZ1RwSbvW"
    "uwb+0SMZ9NuD1vCm1//5GgTHj6TVGfU+da+B+/8juX8QCv2b7s01WB8+ks7t4F42uf/HA7"
    "FcjNtlHsYt/nQOMW6XiQlFOqeFyPhAo3r3zHmue+Z8wz1znsLFE0PE1VYhUjOso2DOBfMS"
    "jRnmhR4BIZXqgXwQ/x+nTYpkt8V1n7UYPzXId811S0JLaDEjjuspS863aAwTfUnyIGPNGF"
    "baxBuUD/INCMuwP4YeF/OTRnRmm2mgUT0DbTbyvKRrZL+la8St8xvkmpuSXQTjqJbCeTvO"
    "JsLFYkZcTWQb+TzsBgebeNGMn4og64lXD9nzfEvdDSvdOLLQMCzEmCbGRCiF+84GOalZPb"
    "wPsljwgdMxLxTGxfWqB/dBQjkfNgtNU6n+7YAHmgryQpDLtzXQ1OTOrOfgHlOvHvj7f1Cu"
    "fYTcmVKMJUpRrSDieQDPxjuxLonlcsRCP6TjOTQzkwUiqvEA0NU98/ooH+6bQsBup3fXuh"
    "XmW3exZl9N7KZp+XNwkVwCung9K6kzqVo9y95zaqeF2ZPGdGqleO7NzFxUU/FyEVhj2Wh5"
    "E7tiaipnNgZrJJsvL6gRpR0gPTFrPUgWsm+ASXwLpyEPrOmD11M5bXVrGnLsbo3kIQ+796"
    "NhrzOqpdjvHsDNn+N9mla7FdvITZuBbHaKd2jbTWgHd0oKQttT//DbEJlOlY1szGO7xiti"
    "1NEX+/aYYQNDC6MdwaqcgcY2xBAO9V0NquP2UlVjomRMBRKiH02HbFeDGqx764jOqoTZYf"
    "ejuCaWuh9lbX2b9qMEQjn2oyyQxSgBkAeFLdL2jmSJ5dnnoSpcvPTyUSqqTRWvJb1ebap4"
    "jbOuNlUcfVPFRIxSOB89oqRS//O9mP2TjjWOuVkI6YhS9WjlgwCN5hCbRUBeK1QP4Gaul4"
    "DNDW8Bm8nXgAsBUiErXitUEeB953mpsheq7MUpcaKnW/biDjn5oyksg3emvolkmAcy+TkG"
    "OgnVlzgDI3GMDUTEI3oFFhb9Jn5YgCHOZUlhWYxYSK8AtNA1eOOfrwNmj/9EOv+xDggSq1"
    "MACUA/yYfQBtriGCOnVgD1R9H8XjxL8LpKKQeaURQjsmpUFIqiUEriKEsaTCsK5TXOuqJQ"
    "jk6hHDnefMbTqtzhpqKojrZ3QKxovqXA3KbURJBkZPaulWIwj4XWoXD2Tfy466v2YHAb8f"
    "HtXux7BP2Hu3Z3+OY8lniadBpZq+r8i950fZVpFisa4UUpBVxHSKV6fFXj3bs8fuPdu2y/"
    "Ic+pvFOVJXnSrFW+LMk8uXwvnFB0Yt4kVw6WJZYLGmRM2OQc7ZwBORS9tdadVchmD5qDFT"
    "O0FJI0aYrZZGnsJsjHmkqOcglXkrqUFXf9bw7xmUXt6QwEfSZpz2Kqz8vg8mvwRoryGqKf"
    "REXdlKK8rnUjpDLCFJ1ZLm9UUmJL0ZmvcdYVnXl0OrNwjtJu+Uknd6McpzJpBsL5CpMeGe"
    "3azbD1oXBRUkfpGjj/yTKj7bveaOSWGfUOH0mvrw27n3rdz9dgffhIWh8/DgefpKh/9EiG"
    "3V+7HUfdP3ok0rOI7j/3r8H6ML6SzDPJ+y9VGqwikw+h9Jso0HjNtdp0k7LnrdrCint4fJ"
    "cHxRN/WicXabHIKW9YFFNTPLfKGlRZg6fDZdWfkTWY5hX2AG6Q/FdKR7AV2pgnjGArrgH0"
    "H25vXyol03+xkEY3Bu8cNvCMoXccedIyCTVQNDXyBwbokoAZFjNv6bPVGWgByUcDDzYDOJ"
    "9Al99pZWBCLUd1OZMSzB7LaoNpSZgHGycPdbn1a2KKeVTMYwmeHSXloBTz+BpnXTGPR2ce"
    "1cenDss7qjpmBw4Q91ZoK39+zmnCerRCW26YecS6UafmNnLl47hb3XbEKHdYXUqI9Bk2DW"
    "GTu2FUufv2lNK6ygLZIfkVCVothVxx2uubmBXLl8jDqojODbmZVFIeC2TNMZOrViY5jrGN"
    "Tf4TJi7Z4X5hHXMWFgMTi84dvkMWV6+D8cqReEKpZbkOO9h2fkWRJ4o8KcFTrKRhtCJPXu"
    "OsK/Lk6OSJeOAV4U488crtQFWfRC8bK+Ws8TScFnlt2nYaVjvixtN1S2l3nobWzknIf70f"
    "9DN4wKha/FmLdQ7+B+RHRw+FfGix68w9FiGCHO8llrgSpsh0+Bb+5q7137jxd24H7fjzU3"
    "bQTiMT85BeamdVIdoCE9205WeHU31MQbh6sjN/FVJZtDK8gwLrCPRO6IbMIHqit+xmyifE"
    "1+Vlf1y22MtcgS71goksFUatKZDZOeLYANA0wRiZdAkwr4tTQBYUWy2drBfxLwGEusKYuR"
    "xPGvlz0LFSy5m5I3pvHhyEvJcQoQ3DyZJmIUE/ASelypmikhSVVALXVlJSQVFJr3HWFZV0"
    "dCop8ojM+9CKKKmdBKdWIec0X57uiGpoVZYX0ZCKMtLN2UxBgeRjbcg4UVi3ZjNFfN/2vS"
    "7+q/gdYfXf+VcU1HBstv0bly9SHOs0nepOtbFeuKR7lDXK4D8itNIW+gNHZHOwH26myQxy"
    "j5RwmAY+E7gDSKjkEVwR52wapVG8g1SeIsw4rAnMJDWhKAdFOZTA6Zc0+FSUw2ucdUU5HJ"
    "1yCD/iijy2omoqolMB8hEDZBXH7RLHpYbG/g2tYN0Ga8z1Fd5Dtf8o7vv/AbtRfEY="
)
