from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


# Written by hand. Whatever changes who may do what gives the tenant a new authorization version, so that no code path
# can forget to. A version comes from a sequence, which never goes back: after a rollback the same number must not
# stand for something else, because grants are cached under it. The function runs as its owner, so the tenant's role
# can't write the version itself, and with the search path of its own schema, so it can't be led to another table.
#
# The index: NULL in "org_unit_id" means everywhere, and a unique constraint takes each NULL for a different value.
async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        INSERT INTO "authorization_state" ("id", "version") VALUES (1, 1);
        CREATE SEQUENCE "authorization_version" START 2;
        CREATE FUNCTION "authorization_changed"() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $function$
        BEGIN
            UPDATE authorization_state SET version = nextval('authorization_version');
            RETURN NULL;
        END
        $function$;
        CREATE TRIGGER "authorization_changed" AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF "id", "parent_id" ON "org_unit"
            FOR EACH STATEMENT EXECUTE FUNCTION "authorization_changed"();
        CREATE TRIGGER "authorization_changed" AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF "id", "active", "identity_provider_id", "subject" ON "member"
            FOR EACH STATEMENT EXECUTE FUNCTION "authorization_changed"();
        CREATE TRIGGER "authorization_changed" AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE ON "role"
            FOR EACH STATEMENT EXECUTE FUNCTION "authorization_changed"();
        CREATE TRIGGER "authorization_changed" AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE ON "role_inclusion"
            FOR EACH STATEMENT EXECUTE FUNCTION "authorization_changed"();
        CREATE TRIGGER "authorization_changed" AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE ON "role_assignment"
            FOR EACH STATEMENT EXECUTE FUNCTION "authorization_changed"();
        CREATE UNIQUE INDEX "role_assignment_everywhere" ON "role_assignment" ("member_id", "role_id")
            WHERE "org_unit_id" IS NULL;"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP INDEX "role_assignment_everywhere";
        DROP FUNCTION "authorization_changed"() CASCADE;
        DROP SEQUENCE "authorization_version";
        DELETE FROM "authorization_state";"""


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
