/** Who asks, and for which tenant. */
import Button from "@cloudscape-design/components/button";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { ProblemError } from "~/api/client";
import { readMe } from "~/api/endpoints";
import { beginSignIn, finishSignIn, type Issuer, readConfiguration, takeAnswer } from "~/api/oidc";
import { endedFor, forgetEnded, hasSignedOut, session, type Session, signIn, signOut } from "~/api/session";
import { client, clearTenant } from "~/app/cache";
import { meQuery } from "~/app/gate";
import { signInRoute } from "~/app/router";
import { Field } from "~/parts/field";
import { Loading, ProblemAlert } from "~/parts/problem";
import { texts } from "~/texts";

/** Asks the server, without a token, whether it asks for one. */
const asksNobody = async (): Promise<boolean> => {
  try {
    return (await readMe()).means === "none";
  } catch (error) {
    if (error instanceof ProblemError && (error.status === 401 || error.status === 403)) return false;
    throw error;
  }
};

/** The issuer's answer with which this page was opened. */
let answer = takeAnswer();

export function SignInPage() {
  const { to } = signInRoute.useSearch();
  const navigate = useNavigate();
  const open = useQuery({ queryKey: ["means"], queryFn: asksNobody, staleTime: Infinity });
  const configuration = useQuery({ queryKey: ["configuration"], queryFn: readConfiguration, staleTime: Infinity });
  const [error, setError] = useState<unknown>(null);
  const [isFinishing, setFinishing] = useState(answer !== null);
  const [ended] = useState(endedFor);
  const enter = async (next: Session, place = to): Promise<void> => {
    signIn(next);
    try {
      const { subject } = await readMe();
      if (endedFor() === subject) client.clear();
      else clearTenant();
      forgetEnded();
      signIn({ ...(session() ?? next), subject });
      await navigate({ href: place === undefined || place.startsWith("/sign-in") ? "/" : place, replace: true });
    } catch (refused) {
      signOut();
      setError(refused);
    }
  };
  const latest = useRef(enter);
  latest.current = enter;
  useEffect(() => {
    if (answer === null) return;
    const taken = answer;
    answer = null;
    finishSignIn(taken)
      .then(({ session: made, to: place }) => latest.current(made, place))
      .catch(setError)
      .finally(() => setFinishing(false));
  }, []);
  const issuer = configuration.data?.signIn ?? null;
  return (
    <main className="card-page">
      <h1>{texts.signIn.title}</h1>
      {open.isError && <ProblemAlert error={open.error} onRetry={() => void open.refetch()} />}
      {error !== null && <ProblemAlert error={error} />}
      {ended !== null && error === null && <p role="status">{texts.signIn.ended(ended)}</p>}
      {isFinishing && <p role="status">{texts.signIn.finishing}</p>}
      {issuer !== null && !isFinishing && <IssuerButton issuer={issuer} to={to ?? "/"} onError={setError} />}
      {open.data === true && <OpenForm onEnter={(next) => void enter(next)} />}
      {open.data === false && issuer === null && configuration.isFetched && <TokenForm onEnter={(next) => void enter(next)} />}
      {open.data === false && issuer !== null && (
        <details>
          <summary>{texts.signIn.otherwise}</summary>
          <TokenForm onEnter={(next) => void enter(next)} />
        </details>
      )}
    </main>
  );
}

function IssuerButton({ issuer, to, onError }: { issuer: Issuer; to: string; onError: (error: unknown) => void }) {
  const [isLeaving, setLeaving] = useState(false);
  const leave = (): void => {
    setLeaving(true);
    beginSignIn(issuer, to, hasSignedOut()).catch((error: unknown) => {
      setLeaving(false);
      onError(error);
    });
  };
  return (
    <>
      <p className="muted">{texts.signIn.issuer(new URL(issuer.issuer).host)}</p>
      <span>
        <Button variant="primary" formAction="none" loading={isLeaving} onClick={leave}>
          {texts.signIn.submit}
        </Button>
      </span>
    </>
  );
}

type FormProps = { onEnter: (next: Session) => void };

function OpenForm({ onEnter }: FormProps) {
  const [user, setUser] = useState("");
  const [groups, setGroups] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onEnter({ means: "none", user: user.trim(), groups: groups.trim() });
  };
  return (
    <form onSubmit={submit}>
      <p className="muted">{texts.signIn.open}</p>
      <Field label={texts.signIn.name} value={user} onChange={setUser} autoComplete="username" autoFocus />
      <Field label={texts.signIn.groups} hint={texts.signIn.groupsHint} value={groups} onChange={setGroups} />
      <Button variant="primary" formAction="submit">
        {texts.signIn.submit}
      </Button>
    </form>
  );
}

function TokenForm({ onEnter }: FormProps) {
  const [token, setToken] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onEnter({ means: "token", token: token.trim() });
  };
  return (
    <form onSubmit={submit}>
      <Field
        label={texts.signIn.token}
        hint={texts.signIn.tokenHint}
        value={token}
        onChange={setToken}
        type="password"
        autoComplete="off"
        required
      />
      <Button variant="primary" formAction="submit">
        {texts.signIn.submit}
      </Button>
    </form>
  );
}

/** Says which tenant, where a caller sees more than one. */
export function TenantPage() {
  const me = useQuery(meQuery());
  const navigate = useNavigate();
  const [tenant, setTenant] = useState("");
  const tenants = (me.data?.tenants ?? []).filter((each) => each !== "*");
  const enter = (next: string): void => {
    clearTenant();
    void navigate({ to: "/t/$tenant/executions", params: { tenant: next } });
  };
  return (
    <main className="card-page">
      <h1>{texts.signIn.tenant}</h1>
      {me.isError && <ProblemAlert error={me.error} onRetry={() => void me.refetch()} />}
      {me.isPending && <Loading />}
      <ul className="plain">
        {tenants.map((each) => (
          <li key={each}>
            <Button onClick={() => enter(each)}>{each}</Button>
          </li>
        ))}
      </ul>
      {me.isSuccess && tenants.length === 0 && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            enter(tenant.trim());
          }}
        >
          <Field
            label={texts.signIn.tenant}
            hint={texts.signIn.tenantHint}
            value={tenant}
            onChange={setTenant}
            autoFocus
            required
            pattern="[A-Za-z0-9._\-]{1,64}"
          />
          <Button variant="primary" formAction="submit">
            {texts.signIn.openTenant}
          </Button>
        </form>
      )}
    </main>
  );
}
