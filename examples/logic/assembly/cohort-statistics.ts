/** Patients with a condition: how many, how old, and their systolic blood pressure, by sex. */
import { decimal, Input, JsonArray, JsonObject, Mean } from 'nmp';

export function run(input: Input): JsonObject {
  const year = input.arguments['year'].number;
  const condition = input.arguments['condition'].text;
  const cohort = input.table('conditions').keysWhere('code', condition, 'patient_id');
  const systolic = input.table('blood_pressure').numbersBy('patient_id', 'systolic');
  const patients = input.table('patients');
  const ids = patients.texts('id');
  const sexes = patients.texts('sex');
  const births = patients.texts('birth_date');
  const groups = new JsonArray();
  for (let s = 0; s < 2; s++) {
    const sex = s == 0 ? 'female' : 'male';
    const age = new Mean(1);
    const pressure = new Mean(1);
    for (let i = 0; i < patients.rows; i++) {
      if (!sexes.is(i, sex) || !cohort.has(ids[i])) continue;
      age.add(year - decimal(births[i].substring(0, 4)));
      if (systolic.has(ids[i])) pressure.add(systolic.get(ids[i]));
    }
    // The owner's schema lets no group of fewer than ten out.
    if (age.count < 10) continue;
    groups.push(new JsonObject().set('sex', sex).set('patients', age.count)
      .set('meanAge', age).set('meanSystolic', pressure));
  }
  return new JsonObject().set('groups', groups);
}
