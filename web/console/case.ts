// SPDX-License-Identifier: Apache-2.0
// A candidate or an incident as the actions see it, and the verb that each of them has for one.
import type { Candidate, CandidateRow, Incident, Person, Severity } from '../shared/api.gen';
import { call } from '../shared/api';
import { session } from '../shared/api';
import { go } from '../shared/router';

export interface Case { noun: 'incident' | 'candidate'; id: string; label: string; tenant: string; candidate: string; owner: Person | undefined; open: boolean; severity?: Severity; put: (x: unknown) => void }
export type Twin = 'claim' | 'assign' | 'merge' | 'split' | 'attach';

export const ofIncident = (i: Incident, put: (x: Incident) => void): Case => ({ noun: 'incident', id: i.id, label: i.id, tenant: i.tenant.id, candidate: i.candidate ?? '', owner: i.owner, open: i.state === 'open', severity: i.severity, put: (x) => put(x as Incident) });
export const ofCandidate = (c: Candidate, put: (x: Candidate) => void): Case => ({ noun: 'candidate', id: c.id, label: c.number, tenant: c.tenant.id, candidate: c.id, owner: c.owner, open: c.state === 'open', put: (x) => put(x as Candidate) });
export const ofRow = (c: CandidateRow): Case => ({ noun: 'candidate', id: c.id, label: c.number, tenant: c.tenant.id, candidate: c.id, owner: c.owner, open: true, put: () => undefined });

export const twin = (c: Case, verb: Twin, body: unknown) => call(`${c.noun}.${verb}` as 'candidate.merge', { id: c.id }, body);
export const role = () => session.value?.user?.role ?? '';
export const triage = () => ['analyst', 'lead'].includes(role());
export const isIncident = (id: string) => /^[A-Z0-9]+-\d{4}-\d+$/.test(id);
export const page = (id: string) => (isIncident(id) ? `/console/incidents/${id}` : `/console/candidates/${encodeURIComponent(id)}`);
export const goCase = (id: string) => go(page(id));
