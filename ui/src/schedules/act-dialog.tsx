/** Asks before something is done with a schedule, and says what will happen. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { actOn, type ScheduleAction } from "~/api/schedules";
import { Dialog } from "~/parts/dialog";
import { texts } from "~/texts";

export const nameOf = (action: ScheduleAction): string => (action === "delete" ? texts.schedules.remove : texts.schedules[action]);

interface Props {
  tenant: string;
  name: string;
  action: ScheduleAction;
  onDone?: () => void;
  onClose: () => void;
}

export function ActDialog({ tenant, name, action, onDone, onClose }: Props) {
  const client = useQueryClient();
  const [key] = useState(() => crypto.randomUUID()); // a second click does nothing twice
  const asked = useMutation({
    mutationFn: () => actOn(tenant, name, action, key),
    onSuccess: async () => {
      onClose();
      onDone?.();
      await client.invalidateQueries({ queryKey: ["schedules", tenant] });
    },
  });
  return (
    <Dialog title={texts.schedules.actionOf(nameOf(action), name)} submit={nameOf(action)} isBusy={asked.isPending} error={asked.error} onSubmit={() => asked.mutate()} onClose={onClose}>
      <p>{texts.schedules.will[action]}</p>
    </Dialog>
  );
}
