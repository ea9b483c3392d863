# A subject that ends where a program adds the script 3, and else says what the model says: `sh crashing.sh CONFORM`.
while read -r program; do
    case $program in
        *'"id":3'*) exit 3 ;;
    esac
    echo "$program" | "$1" run --subject model
done
