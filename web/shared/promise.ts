// SPDX-License-Identifier: Apache-2.0
// Within which time an inquiry is answered: the first row of the tenant's promises that fits, else what everybody is
// promised (src/tbl/inquiry.tbl). The server decides; this only shows it before it is asked.
import type { InquiryKind, InquiryPriority, Tenant } from './api.gen';
import { call } from './api';
import { t } from './i18n';
import { useLoad } from './use';

const everybody: Record<InquiryPriority, number> = { urgent: 3600, normal: 28800, low: 259200 };

/** Texts of a priority with its time, for a kind; of a tenant when it is known which. */
export function usePromise(tenant: string): (kind: InquiryKind, priority: InquiryPriority) => string {
	const rows = useLoad(() => (tenant ? call('tenant.show', { id: tenant }) : Promise.resolve({} as Tenant)), [tenant]).data?.promises ?? [];
	return (kind, priority) => t().inq.within(t().inq.priority[priority], rows.find((r) => (r.kind ?? [kind]).includes(kind) && (r.priority ?? [priority]).includes(priority))?.s ?? everybody[priority]);
}
