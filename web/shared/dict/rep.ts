// SPDX-License-Identifier: Apache-2.0
// Words of the reports' screens: they come with those screens. A missing Japanese one does not compile.
import { lang } from '../i18n';

const s = (n: number, one: string, many: string) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

const en = {
	lead: 'Each month as a document for your files and your board, and in short here.', month: 'Month', published: 'Published', by: 'By', files: 'Document', none: 'No report has been published yet.', noneStaff: 'No month is drafted.', pdf: (l: string) => `PDF, ${l}`, langs: { ja: 'Japanese', en: 'English' }, state: { draft: 'draft', published: 'published', live: 'not over yet' },
	figures: 'The month in figures', lines: 'Log lines examined', detections: 'Detections', candidates: 'Candidates a person looked at', devices: 'Devices silent or losing lines', ofAll: (n: string, all: string) => `${n} of ${all}`, promises: 'Promised times', allKept: 'Every promised time was kept.', noClocks: 'Nothing came up that a time was promised for.', missedN: (n: number) => `${s(n, 'promised time was', 'promised times were')} missed.`,
	promise: 'Promise', limit: 'Limit', count: 'Count', met: 'Met', missed: 'Missed', median: 'Median', p95: '95 %', longest: 'Longest', words: 'From the analyst', noWords: 'Nothing written yet.', todo: 'Recommendations', noTodo: 'There is nothing further to recommend.', owner: { customer: 'Customer', soc: 'SOC' } as Record<string, string>, ownerH: 'Owner', what: 'What to do',
	breaches: 'Missed promises', over: 'Over by', cause: 'Cause', noCause: 'no cause given yet', due: 'Due', filter: 'Show', drafts: 'Drafts', all: 'All', recs: 'Your recommendations', add: 'Add a recommendation', remove: 'Remove', textIn: (l: string) => `Words in ${l}`, whatIn: (l: string) => `What to do, in ${l}`, unsaved: 'Not saved yet.',
	ready: 'Before it goes out', readyWords: (l: string) => `Words in ${l}`, readyCauses: (n: number) => (n === 0 ? 'Every missed promise has its cause' : `${s(n, 'missed promise has', 'missed promises have')} no cause`), done: 'done', missing: 'missing', publish: 'Publish', publishText: 'The figures are frozen now. The customer sees the report, and its contacts get it by mail. It cannot be taken back.', leadOnly: 'A lead publishes it.', look: 'The draft as a document', outSince: (x: string, who: string) => `Published ${x} by ${who}.`, dueBy: (x: string) => `Due by ${x}, the end of the 5th business day.`,
};

const ja: typeof en = {
	lead: '月ごとの報告書です。保管や会議用の文書と、その要点をここで見られます。', month: '月', published: '公開', by: '公開者', files: '文書', none: '公開された報告書はまだありません。', noneStaff: '下書きの月はありません。', pdf: (l) => `PDF（${l}）`, langs: { ja: '日本語', en: '英語' }, state: { draft: '下書き', published: '公開済み', live: '期間中' },
	figures: '数字で見る一か月', lines: '検査したログ（行）', detections: '検知', candidates: '人が見た候補', devices: '無通信・損失のあった機器', ofAll: (n, all) => `${all} 台中 ${n} 台`, promises: 'お約束した時間', allKept: 'お約束した時間はすべて守りました。', noClocks: 'お約束した時間の対象となる対応はありませんでした。', missedN: (n) => `お約束した時間を ${n} 件で超えました。`,
	promise: '約束', limit: '期限', count: '件数', met: '達成', missed: '超過', median: '中央値', p95: '95 %', longest: '最長', words: 'アナリストから', noWords: 'まだ書かれていません。', todo: 'お勧めする対応', noTodo: '追加でお勧めする対応はありません。', owner: { customer: 'お客様', soc: '当センター' }, ownerH: '担当', what: '内容',
	breaches: 'お約束した時間を超えた件', over: '超過', cause: '原因', noCause: '原因はまだ記入されていません', due: '期限', filter: '表示', drafts: '下書き', all: 'すべて', recs: 'お勧めする対応を書く', add: '対応を追加', remove: '除く', textIn: (l) => `${l}の文章`, whatIn: (l) => `内容（${l}）`, unsaved: '保存していません。',
	ready: '公開の前に', readyWords: (l) => `${l}の文章`, readyCauses: (n) => (n === 0 ? '超過した件の原因' : `原因のない超過が ${n} 件あります`), done: '済', missing: '未', publish: '公開する', publishText: '数字はここで確定します。お客様に公開し、連絡先にメールで送ります。取り消せません。', leadOnly: '公開はリードが行います。', look: '下書きを文書で見る', outSince: (x, who) => `${x} に${who}が公開しました。`, dueBy: (x) => `期限は ${x}（第 5 営業日の終わり）です。`,
};

export const rep = () => (lang.value === 'ja' ? ja : en);
