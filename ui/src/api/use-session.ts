/** Who is signed in, for what is drawn. */
import { useSyncExternalStore } from "react";
import { type Session, session, subscribe } from "./session";

export const useSession = (): Session | null => useSyncExternalStore(subscribe, session);
