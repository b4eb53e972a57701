<?php
// cron.php - the home-made way: a table of messages, one of form_ids, a cached token, and a loop that crontab
// starts. One request after the other on one connection that is kept.
//
//   php bench/peers/cron.php STORE SIMULATOR APPID SECRET TEMPLATE < "USER FORM_ID" lines
//
// Prints how many microseconds the sending took.
[, $path, $url, $appid, $secret, $template] = $argv;
$db = new PDO("sqlite:$path", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$db->exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
$db->exec('CREATE TABLE form (id INTEGER PRIMARY KEY, user TEXT, form_id TEXT, used INT DEFAULT 0)');
$db->exec('CREATE INDEX form_user ON form (user, used)');
$db->exec('CREATE TABLE message (id INTEGER PRIMARY KEY, user TEXT, body TEXT, state INT DEFAULT 0, reply TEXT)');
$db->exec('CREATE INDEX message_state ON message (state)');

$db->beginTransaction();
$form = $db->prepare('INSERT INTO form (user, form_id) VALUES (?, ?)');
$message = $db->prepare('INSERT INTO message (user, body) VALUES (?, ?)');
while ($line = fgets(STDIN)) {
    [$user, $form_id] = explode(' ', trim($line));
    $form->execute([$user, $form_id]);
    $message->execute([$user, json_encode(['keyword1' => ['value' => $user]])]);
}
$db->commit();

$curl = curl_init();
curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 30]);

function post($curl, $url, $body)
{
    curl_setopt_array($curl, [CURLOPT_URL => $url, CURLOPT_POSTFIELDS => json_encode($body)]);
    return json_decode(curl_exec($curl), true);
}

$begin = hrtime(true);
$token = post($curl, "$url/cgi-bin/stable_token",
    ['grant_type' => 'client_credential', 'appid' => $appid, 'secret' => $secret])['access_token'];
$due = $db->query('SELECT id, user, body FROM message WHERE state = 0')->fetchAll();
$take = $db->prepare('SELECT id, form_id FROM form WHERE user = ? AND used = 0 ORDER BY id LIMIT 1');
$use = $db->prepare('UPDATE form SET used = 1 WHERE id = ?');
$done = $db->prepare('UPDATE message SET state = ?, reply = ? WHERE id = ?');
foreach ($due as [$id, $user, $body]) {
    $take->execute([$user]);
    [$form, $form_id] = $take->fetch();
    $take->closeCursor();
    $use->execute([$form]);
    $reply = post($curl, "$url/cgi-bin/message/wxopen/template/send?access_token=$token",
        ['touser' => $user, 'template_id' => $template, 'form_id' => $form_id, 'data' => json_decode($body)]);
    $done->execute([$reply['errcode'] === 0 ? 1 : 2, json_encode($reply), $id]);
}
echo intdiv(hrtime(true) - $begin, 1000), "\n";
