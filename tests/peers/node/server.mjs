// node server.mjs PORT TOKEN < people.json
import { readFileSync } from "node:fs";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const [, , port, token] = process.argv;
const users = JSON.parse(readFileSync(0, "utf8")).map((p, n) => ({
    id: `u${n + 1}`, userName: p.userName, externalId: p.externalId, active: p.active,
    name: { givenName: p.givenName, familyName: p.familyName },
    emails: [{ value: p.userName, primary: true, type: "work" }],
}));
const groups = [{ id: "g1", displayName: "Team One", members: [{ value: "u1" }] }];

const egress = (all) => async (resource) => {
    if (resource.id) {
        const found = all.find((r) => r.id === resource.id);
        if (!found) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
        return found;
    }
    return resource.filter ? resource.filter.match(all) : all;
};
const refused = async () => { throw new SCIMMY.Types.Error(501, null, "read only"); };
SCIMMY.Resources.declare(SCIMMY.Resources.User, { egress: egress(users), ingress: refused, degress: refused });
SCIMMY.Resources.declare(SCIMMY.Resources.Group, { egress: egress(groups), ingress: refused, degress: refused });

const app = express();
app.use("/auth/scim", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("Authorization not detected!");
        return "caller";
    },
}));
app.listen(Number(port), "127.0.0.1");
