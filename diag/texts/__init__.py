"""From error texts to symptoms with causes. Pure: opens nothing.

symptoms     the two calls: one text in hand (`match_text`), streams of any size (`read_symptoms`)
scanning     a stream: which of its blocks may be symptoms
blocks       where one message ends and the next begins
line         stamps, headers and wrappings around a message; the message as signatures see it
message      one message becomes one `Symptom`
owner        whose text it is: Lustre's, another file system's, or nobody's
matching     which signatures, of which causes, a message shows
translation  what programs print in other languages, put into English
loose        texts retold in other spelling: causes that are possible at most
prose        what people say in their own words, in eight languages
resembles    the known texts nearest to one that is not known
mount        which mount a message is about
events       `kubectl get events -o json|yaml`
grouping     equal symptoms counted, lines of one attempt joined, symptoms of one mount grouped
"""
